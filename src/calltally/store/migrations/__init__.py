"""The steps that bring any older database to the tables of today."""
