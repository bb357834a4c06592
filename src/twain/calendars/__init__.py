"""Calendars of the two teams, and what fits into their hours: business time, freezes, maintenance, capacity.

Pure: nothing here reads a clock or a store. ``parts`` are the values, ``files`` reads them from TOML, ``business`` counts working
time, ``ics`` speaks with other calendars, ``slots`` finds room for a send.
"""
