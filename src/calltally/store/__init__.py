"""The journal, the records and the roll-ups behind one interface; all SQL lives here."""
