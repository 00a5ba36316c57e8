"""In and out of RabbitMQ: the API's events about rooms come in, the rooms' journals go out.

Knows no socket, as `sockets` knows no broker; both may import everything below.
"""
