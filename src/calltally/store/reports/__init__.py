"""What other people's tools read: views with steady names, and the questions of dashboards over them."""
