"""Trunks: addresses whose INVITEs need no digest."""
