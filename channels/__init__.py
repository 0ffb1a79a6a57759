"""The outside world becomes contacts, and answers go back out."""
