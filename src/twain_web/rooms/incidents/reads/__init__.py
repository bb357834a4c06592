"""What pages, programs and other rooms read of incidents."""
