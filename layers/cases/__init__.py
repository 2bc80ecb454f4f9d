"""Cases: 12345 tickets, 城管 cases, 网格员 reports."""
