"""What the demo needs and the daemon doesn't: an SSH host in a process, a scratch origin, the show itself."""
