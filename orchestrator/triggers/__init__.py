"""What starts a deployment: transitions in a task's history, polled, hinted at by a webhook, or claimed by hand.

Every way ends in `starting.start_deployment`. Nothing here does the work, and nothing here writes to ZenTao.
"""
