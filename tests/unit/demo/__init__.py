"""Tests of the demo's play and judge."""
