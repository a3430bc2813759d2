"""The invoice action bar for people who work in notebooks and spreadsheets."""
