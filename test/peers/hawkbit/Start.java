package peer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** hawkBit as its starters configure it. */
@SpringBootApplication
public class Start {
  public static void main(String[] arguments) {
    SpringApplication.run(Start.class, arguments);
  }
}
