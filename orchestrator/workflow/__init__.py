"""The durable story of one deployment, and nothing else: other rooms parse, render, run and probe."""
