"""Who waits: tickets in lines of equal needs, their order, and what was learnt of their waits."""
