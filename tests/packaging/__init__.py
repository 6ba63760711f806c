"""Tests of what surrounds the code: container files, unit files, samples."""
