"""Engines that speak, behind one small interface (`base.Engine`); `bundled` is the one that ships with its weights."""
