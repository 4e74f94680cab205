"""Salt's filters, by what they work on; each module has a table FILTERS from name to function."""
