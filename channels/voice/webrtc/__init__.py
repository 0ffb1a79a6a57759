"""Seats whose telephone is a page: ICE, DTLS-SRTP and the description of a browser."""
