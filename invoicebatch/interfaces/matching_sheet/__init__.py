"""The matching sheet of customers' payments: written, read back hardened, checked and run."""
