"""Measurements of calltally on one machine; `python -m bench` lists them. Nothing here is part of the tests."""
