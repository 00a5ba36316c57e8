"""In and out of RabbitMQ: what the API decides about rooms comes in, the journal of the rooms goes out.

No socket is known here.
"""
