"""The whole main job on every kind of server, with one code: what a deployment does with its ticket."""
