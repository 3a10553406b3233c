"""Puts the parts together; the only module that knows which store and which sources exist."""
