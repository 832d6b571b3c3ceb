// A client of Node's https: prints the error of a failure. usage: URL CA [CERTIFICATE KEY]
const fs = require("fs");
const https = require("https");

const [url, ca, certificate, key] = process.argv.slice(2);
const options = { ca: fs.readFileSync(ca), agent: false };
if (certificate) Object.assign(options, { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) });
if (process.env.CLIENT_MAXIMUM === "1.2") options.maxVersion = "TLSv1.2";
https.get(url, options, (response) => { console.log(response.statusCode); response.destroy(); })
  .on("error", (error) => console.log(`${error.code}: ${error.message.split("\n")[0]}`));
