"""HTTP out: the API, the pages and the live stream; no SQL and no formulas."""
