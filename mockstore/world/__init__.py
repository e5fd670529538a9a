"""The edges: clock and chance, the wire, the store. Nothing else touches time, dice, sockets or disk."""
