// GET with Node's own client: node get.js URL CA_FILE [CLIENT_P12 PASSPHRASE]

const fs = require("fs");
const https = require("https");

const [url, authorities, store, passphrase] = process.argv.slice(2);
const options = { ca: fs.readFileSync(authorities), agent: false };
if (store) Object.assign(options, { pfx: fs.readFileSync(store), passphrase });
https.get(url, options, (response) => {
  if (response.statusCode !== 200) process.exitCode = 1;
  response.pipe(process.stdout);
});
