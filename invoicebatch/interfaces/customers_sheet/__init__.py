"""The customers' sheet: written, edited by people, read back hardened, checked and taken in."""
