"""What both services must agree on: broker events, the join ticket, and the plumbing of a process.

It knows neither service, no store and no rule; whatever only one of them needs belongs there.
"""
