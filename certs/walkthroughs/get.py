"""GET with Python's own client: get.py URL CA_FILE [CLIENT_PEM]"""

import ssl
import sys
import urllib.request

url, authorities, *client = sys.argv[1:]
context = ssl.create_default_context(cafile=authorities)
if client:
    context.load_cert_chain(client[0])
with urllib.request.urlopen(url, context=context, timeout=10) as response:
    print(response.read().decode(), end="")
