'use strict'

module.exports = {
  package: 'dd-trace',
  rivals: ['dd-trace'],
  start (hooks) {
    // Nothing is returned where init steps aside; then there is nothing to hook ES modules for.
    if (require('dd-trace/init') && hooks) require('dd-trace/register')
  }
}
