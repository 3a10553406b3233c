"""Phone systems, one folder each."""
