# frozen_string_literal: true

require 'json'
require 'socket'

require_relative '../social'
require_relative 'post'

# Delivers a post: notes that it was, and tells who listens to the stream.
class Deliver
  include Sidekiq::Worker

  def perform(id)
    post = Social::Post.delivered(id, Socket.gethostname)
    client = Redis.new(**Social.redis)
    client.publish('timeline:public', JSON.generate(event: 'update', payload: post.fetch('text')))
  ensure
    client&.close
  end
end
