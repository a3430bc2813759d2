"""The archive: closed documents as Parquet, out of the live state's way and part of it all the same.

Which documents may go is said in `closed`, moving them out and back in `parts`, reading them in `views`.
"""
