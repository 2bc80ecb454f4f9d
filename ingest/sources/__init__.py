"""Where messages come from: one file per technology behind one port."""
