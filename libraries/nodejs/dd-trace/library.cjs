'use strict'

module.exports = {
  package: 'dd-trace',
  rivals: ['dd-trace'],
  start () {
    // Nothing is returned where init steps aside; then there is nothing to hook ES modules for.
    if (require('dd-trace/init')) require('dd-trace/register')
  }
}
