"""The ways in which one thing can be done on one kind of server; `capabilities` puts them in order.

A way that can't do it raises `Unsupported` before it has sent anything, and the next one is asked.
"""
