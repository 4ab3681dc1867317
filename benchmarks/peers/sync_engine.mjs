// @supabase/stripe-sync-engine, pointed at another address than Stripe's.
//
// node sync_engine.mjs import | serve, with URL, KEY, SECRET and DATABASE in the environment. `import`
// makes its tables and backfills; `serve` takes webhooks and prints its port. Only the address is
// changed, and the API version, as the sandbox knows none of 2020.
import http from 'node:http'
import { createRequire } from 'node:module'

const require = createRequire(process.cwd() + '/')
const { StripeSync, runMigrations } = require('@supabase/stripe-sync-engine')
const Stripe = require('stripe')
const { URL: base, KEY, SECRET, DATABASE } = process.env
const apiVersion = '2025-03-31.basil'
const sync = new StripeSync({
  poolConfig: { connectionString: DATABASE, max: 10 },
  stripeSecretKey: KEY,
  stripeWebhookSecret: SECRET ?? 'whsec_none',
  stripeApiVersion: apiVersion,
})
const { hostname, port } = new URL(base)
sync.stripe = new (Stripe.default ?? Stripe)(KEY, { apiVersion, host: hostname, port, protocol: 'http' })

if (process.argv[2] === 'import') {
  await runMigrations({ databaseUrl: DATABASE, schema: 'stripe' })
  for (const object of ['product', 'price', 'customer', 'subscription', 'invoice'])
    await sync.syncBackfill({ object })
  process.exit(0)
}
const server = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', async () => {
    try {
      await sync.processWebhook(Buffer.concat(parts), request.headers['stripe-signature'])
      response.writeHead(200).end()
    } catch (error) {
      console.error(String(error).slice(0, 300))
      response.writeHead(500).end()
    }
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
