"""`python -m invoicebatch`."""

from invoicebatch.interfaces.cli.main import main

if __name__ == "__main__":
    main()
