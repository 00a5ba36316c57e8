"""What both services must agree on: broker events, the join ticket, and the plumbing of a process."""
