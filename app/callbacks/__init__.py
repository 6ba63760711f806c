"""Callbacks over REST: asked for, listed, cancelled."""
