"""The journal: its port, the LMDB adapter and the in-memory twin."""
