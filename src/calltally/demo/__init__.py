"""A made-up company: its people, a year of its calls, and its live traffic."""
