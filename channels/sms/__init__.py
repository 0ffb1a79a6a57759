"""Text messages out, through a gateway's HTTP interface."""
