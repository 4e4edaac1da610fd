// Answers GET /hello at PORT by express, which Yarn's loader finds in an archive.
'use strict'

const express = require('express')

const app = express()
app.get('/hello', (request, response) => response.send(`hello of express ${require('express/package.json').version}\n`))
app.listen(Number(process.env.PORT), () => console.log('listening'))
