"""Measures, formulas and the catalog of every number calltally shows."""
