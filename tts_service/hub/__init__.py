"""The parts of `tts_service.cache_hub`.

The package is not called ``cache_hub`` because a folder of that name is sacred everywhere in this project: git ignores
it, releases that hold one are never pruned, and copies leave it out.
"""
