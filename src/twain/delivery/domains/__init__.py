"""Sender domains: which DNS records a domain needs so that its mail arrives, and whether every authoritative server has them.

::

    dns      asks every authoritative server
    spf      what SPF says of an address (RFC 7208)
    judge    the records wanted, and what was found
"""
