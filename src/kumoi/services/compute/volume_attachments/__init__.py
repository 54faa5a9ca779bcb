"""Volume attachments: attaching volumes to servers and detaching them."""
