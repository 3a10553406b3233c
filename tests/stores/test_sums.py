"""Sums from records and from both roll-ups are what counting by hand gives, for every filter and split."""
