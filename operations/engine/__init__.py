"""The Pulumi engine, driven through its Automation API."""
