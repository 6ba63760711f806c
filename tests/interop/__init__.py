"""Tests against other people's SIP programs, over real sockets."""
