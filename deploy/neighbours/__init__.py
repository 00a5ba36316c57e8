"""Stand-ins for the cinema's other services. They import nothing of Movie Together: its contracts must suffice."""
