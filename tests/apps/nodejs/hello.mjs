// Answers GET /hello at PORT (8080), as an ECMAScript module.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const isHello = request.url === '/hello'
  response.writeHead(isHello ? 200 : 404, { 'content-type': 'text/plain' })
  response.end(isHello ? 'hello\n' : '')
})
server.listen(Number(process.env.PORT || 8080), () => console.log(`hello: listening at port ${server.address().port}`))
