"""The public pages: report a matter, look up where it stands, answer the two questions.

No sign-in and no script is needed. Idempotent: done (nonce and content) · rate limited: done
(per source) · size limited: done · masks logs: done · keeps the text when the database is down:
done.
"""
