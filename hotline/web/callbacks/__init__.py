"""What complainants were told and said: beside each ticket, and whom a person must tell."""
